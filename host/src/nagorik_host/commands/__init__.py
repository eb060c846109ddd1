"""What an operator types: the subcommands that the host adds to ``nagorik``."""
