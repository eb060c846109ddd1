"""What an operator types: ``nagorik till`` and ``nagorik receipt``."""
