"""Imports of tables people have: products, partners, places, counted stock and sales orders from CSV or XLSX.

``tables`` opens a file as rows of text, ``kinds`` knows the columns of each kind of table and guesses which is
which, ``check`` reads every row and names every fault by row and column, ``plan`` compares what was read with what
stands (new, changed, unchanged), ``saving`` writes a plan in one transaction or not at all. ``sessions`` keeps an
import between requests, ``run`` is the whole way at once for the command line. ``retail`` holds the rules for a
wholesaler's raw order lines, where lines that are no sale are refused one by one and the rest is taken.
"""
