"""What follows from an application's row: the moves, the money, the holds and the consent that it needs."""
