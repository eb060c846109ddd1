"""What a plugin does to the process that it runs in, seen from below and around it, in a process of its own.

``child`` is what runs there, with the plugin and the platform and nothing of the kit that the plugin could find;
``forbidden`` is the table of what it listens for, and ``state`` what it compares. ``plays`` calls every operation.
"""
