"""The hotel companies of the world: invented, but with the streets, rooms, currencies and hours of real ones."""

from __future__ import annotations

from typing import Final

from platform_sim.world.companies import kabul_grand, maison_rhone, marjan, silk_road_houses

__all__ = ["HOTEL_COMPANIES"]

HOTEL_COMPANIES: Final = (kabul_grand.COMPANY, marjan.COMPANY, maison_rhone.COMPANY, silk_road_houses.COMPANY)
