#include "shmlens_kernel.h"
