"""What a simulated agency's requests and answers are written in, chosen once for each simulator."""
