/* All of one processor path. */
#include "_vectors.h"
#include "_products.h"
#include "_random.h"
#include "_linear.h"
#include "_lstm.h"
#include "_step.h"
#include "_read.h"
#undef PATH
#undef LANES
#undef HEIGHT
#undef FMA
#undef MULTIPLY_EVEN
