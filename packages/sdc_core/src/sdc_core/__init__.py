"""The vocabulary and the clients that SDC's services share. Knows no web framework."""
