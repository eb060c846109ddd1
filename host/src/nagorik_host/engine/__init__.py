"""How due applications are worked off: who takes what is due, how a call is made, and how an agency is spared."""
