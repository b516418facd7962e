"""What people read of the money: statements, explanations, the accounting export."""
