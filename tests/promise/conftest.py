"""How hard the promise is attacked: with `--hypothesis-profile=attack` by thousands of cases."""

from hypothesis import settings

settings.register_profile("attack", max_examples=2500, print_blob=True)
