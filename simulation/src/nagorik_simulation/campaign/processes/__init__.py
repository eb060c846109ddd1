"""A campaign whose workers are processes of their own, killed by SIGKILL at any moment and started again."""
