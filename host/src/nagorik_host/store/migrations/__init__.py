"""The tables' history, one revision after another; ``nagorik db upgrade`` brings a database to the newest."""
