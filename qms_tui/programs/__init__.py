"""What an agent's program is: its command line, its own files, its login, what it says that it does.

base.py is what every program promises, registry.py has a line for each. plain.py is any other command.
"""
