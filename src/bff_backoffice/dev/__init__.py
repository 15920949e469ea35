"""The developer world: embedded servers, their supervisor, everything that `bff-backoffice dev` starts."""
