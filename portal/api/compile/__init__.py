"""Compiled reads: a valid selection becomes one SQL statement that returns the text of the response.

``selection`` flattens the document, ``table`` says which fields can be compiled and to what, ``statement`` puts
the pieces together, ``plans`` keeps what was compiled. All of it is pure; ``reading`` runs a plan. What is not in
the table is answered by ``execute()`` as before. See ``docs/adr/0018-compiled-reads.md``.
"""
