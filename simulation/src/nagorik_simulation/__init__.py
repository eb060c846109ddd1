"""A simulated country for hosts: example applications carried to their end, and campaigns with faults and kills."""
