"""Redis: sessions tier (fails closed) and cache tier (fails open). Every key is spelled in `keys.py`."""
