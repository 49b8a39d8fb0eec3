"""The ledger: a chained log that is the truth, and an index that is not."""
