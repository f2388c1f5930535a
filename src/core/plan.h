#ifndef TNFR_PLAN_H
#define TNFR_PLAN_H
#include "core/base.h"
typedef struct TnfrPlanWork { uint64_t n; uint64_t entries; bool weighted; bool topo; bool stored; int threads; } TnfrPlanWork;
typedef struct TnfrDeviceRates { double ns_per_byte; double ns_per_entry; double latency_ns; } TnfrDeviceRates;
typedef struct TnfrPlan { double cpu_ns; double device_ns; } TnfrPlan;
#define TNFR_DEVICE_RATES_GUESS {0.25, 0.02, 300000.0}
static inline TnfrPlan tnfr_plan(const TnfrPlanWork *w, const TnfrDeviceRates *r)
{ TnfrPlan p = {3.0 * (double) w->entries / w->threads, r->latency_ns + r->ns_per_byte * (double) (w->entries * (w->weighted ? 12 : 4) / (w->stored ? 4 : 1) + w->n * 64)}; return p; }
#endif
