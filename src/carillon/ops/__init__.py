"""How it runs: the server and its end, the commands' way in, logs, the clock and the dice."""
