"""``nagorik campaign``: many applications through the durable host, with faults and kills, against agencies' ledgers.

Needs the host, which the extra ``nagorik-testing[host]`` brings; nothing else of the kit does but ``nagorik demo``.
"""
