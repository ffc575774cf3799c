"""The room of populations: as many personas as a study needs, spread over character, age, register and the rest, made from parts that ship."""
