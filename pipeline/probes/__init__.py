"""Ask the world how we stand: block lists, our own DNS records, our certificates.

The only door to dnspython and publicsuffixlist. Whoever asks here gets an answer of three kinds: so, not so, and nobody
knows; the third is never taken for one of the others.
"""
