"""What somebody says of a section of a paper, as plain values. No Django."""
