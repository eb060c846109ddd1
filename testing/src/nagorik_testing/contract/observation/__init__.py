"""What a plugin does to the process that it runs in, seen from below and around it, in a process of its own.

``host_process`` is what runs there, with the plugin and the platform and nothing of the kit that the plugin could
find; ``remote`` is the other end; ``plays`` calls every operation through it.
"""
