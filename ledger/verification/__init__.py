"""The steps of a verification, a file each kind; ``ledger.verify`` puts them in order."""
