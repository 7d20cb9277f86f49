#ifndef WIDTHS
#define WIDTHS
const int WIDTH = 16;
#endif
