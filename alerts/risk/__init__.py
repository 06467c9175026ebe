"""The risk of being blocked or listed, told from what receivers answer: one number with named parts for each sender.

A *sender* is what receivers judge: a sending address of ours (by the server that uses it) or a domain of ours.
"""
