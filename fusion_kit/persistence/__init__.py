"""The ledger: a chained log is the truth, SQLite its disposable index, and views are how one asks."""
