"""``nagorik campaign``: many applications on the host, with faults and kills, against the agencies' ledgers."""
