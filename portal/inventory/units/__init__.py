"""Units of a product: what a case, a pallet, a portion of it holds, since when; exact conversions between them.

``model`` holds the rules, ``store`` the rows, ``reads`` the units of products on a day, ``service`` the deeds.
A product's own case size (``pack_quanta``) stays what a case holds on every day for which no row says otherwise.
"""
