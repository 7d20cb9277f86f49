#if __LINE__ == 1
#error wrong "target" (really) // ERROR "^#error wrong \"target\" \(really\)$"
#endif
this is not looked at any more
