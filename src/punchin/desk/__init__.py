"""The desk: looks at strangers' songs for the page, in a process of its own.

python -m punchin.desk          questions in, answers out, until its input ends; see `protocol`

A decoder that crashes or a file that wants too much memory ends this process and nothing else.
"""
