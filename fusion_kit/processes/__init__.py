"""Children: started once, followed by their files, adopted after a crash, stopped as a whole tree."""
