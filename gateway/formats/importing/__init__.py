"""Vendors' schemas and layouts turned into format versions of the catalogue.

Each kind of source has its module and returns an ``ImportedFormat``; ``entry.place`` puts it into a
catalogue. The rule of all of them: nothing that the source accepts may be refused by the result.
"""
