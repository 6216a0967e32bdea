"""The stock NetApp drivers, as EIC uses them: the only rooms that know their inside."""
