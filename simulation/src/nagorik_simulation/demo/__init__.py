"""``nagorik demo``: examples carried from eligibility to delivery, over real HTTP to simulated agencies."""
