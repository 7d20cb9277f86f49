// Programs that name the parts of the architecture get the whole of it.
#include <t2na.p4>
