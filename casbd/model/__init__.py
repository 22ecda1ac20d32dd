"""What flows through casbd. No logic, no input or output: everything else may import these, they import nothing."""
