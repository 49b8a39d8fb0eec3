"""Who does the work: each turns an agent and a prompt into a program to run, and reads what that printed."""
