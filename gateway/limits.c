#include "gateway/limits.h"

void limits_init(struct limits *l, const struct settings *settings) {
    throttle_init_rate(&l->addresses, settings->address_per_s,
                       settings->address_burst);
    throttle_init_rate(&l->users, settings->user_per_s, settings->user_burst);
    throttle_init_rate(&l->devices, settings->commands_per_s,
                       settings->commands_burst);
    throttle_init_rate(&l->senders, settings->sends_per_s,
                       settings->sends_burst);
}

void limits_fini(struct limits *l) {
    throttle_fini(&l->addresses);
    throttle_fini(&l->users);
    throttle_fini(&l->devices);
    throttle_fini(&l->senders);
}

bool limits_says(struct slice type) {
    return slice_is(type, "send") || slice_starts(type, "message.");
}

static uint64_t take(struct throttle *t, uint64_t name, uint64_t now_ms) {
    return throttle_take(t, slice_of(&name, sizeof(name)), now_ms);
}

uint64_t limits_address(struct limits *l, uint64_t address, uint64_t now_ms) {
    return take(&l->addresses, address, now_ms);
}

uint64_t limits_user(struct limits *l, struct user_id user, uint64_t now_ms) {
    return take(&l->users, user.v, now_ms);
}

uint64_t limits_device(struct limits *l, struct user_id user,
                       struct device_id device, struct slice type,
                       uint64_t now_ms) {
    uint64_t wait_ms = take(&l->devices, device.v, now_ms);

    if (wait_ms == 0 && limits_says(type)) {
        wait_ms = take(&l->senders, device.v, now_ms);
    }
    return wait_ms == 0 ? limits_user(l, user, now_ms) : wait_ms;
}
