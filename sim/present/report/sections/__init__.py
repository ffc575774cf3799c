"""The report's sections: one function each, from the material to a section or to the plain sentence that says why there is none."""
