"""The journal of an agent's output: raw bytes, sizes and times in files, and what is made of them."""
