#include "proto/base/rc.h"

const char *rc_str(enum rc rc) {
    switch (rc) {
#define RC_CASE(name, text)                                                    \
    case RC_##name:                                                            \
        return text;
        RC_MAP(RC_CASE)
#undef RC_CASE
    }
    return "unknown result";
}
