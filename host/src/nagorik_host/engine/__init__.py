"""How the books are worked: who takes what is due, how a call is made, and how an agency is spared."""
