"""What can be said of a plugin for its author, before it is released: ``nagorik validate``."""
