"""The demo company: a deterministic generator of a food and gift distributor's year.

Everything in it is made up and labelled as demo data. The data end on the day they are loaded, so there is always
something near its end, something on its way and something to answer.
"""

from portal.demo.catalogue import PEOPLE
from portal.demo.load import load, passport_links

__all__ = ["PEOPLE", "load", "passport_links"]
