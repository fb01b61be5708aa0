package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"sema4mcp/internal/localtenant/schedule"
	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/thread"
)

// maxMessage bounds a text for an agent, in characters.
const maxMessage = 100_000

func (s *server) scheduleRoutes() []route {
	const schedules = "agents/{agent}/schedules"
	return []route{
		newRoute(schedules, methods{http.MethodGet: s.listSchedules, http.MethodPost: s.createSchedule}),
		newRoute(schedules+"/{schedule}", methods{
			http.MethodGet:    s.getSchedule,
			http.MethodPut:    s.replaceSchedule,
			http.MethodDelete: s.deleteSchedule,
		}),
	}
}

// publicSchedule is a Schedule of the vendor's API v2.
type publicSchedule struct {
	ID             string            `json:"id"`
	CronExpression string            `json:"cron_expression"`
	Timezone       string            `json:"timezone"`
	WorkItemName   *string           `json:"work_item_name"`
	Message        *string           `json:"message"`
	Payload        json.RawMessage   `json:"payload"`
	Enabled        bool              `json:"enabled"`
	NextRunAt      *thread.Timestamp `json:"next_run_at"`
}

func newPublicSchedule(sc store.Schedule) publicSchedule {
	public := publicSchedule{
		ID: sc.ID, CronExpression: sc.CronExpression, Timezone: sc.Timezone,
		WorkItemName: sc.WorkItemName, Message: sc.Message, Payload: sc.Payload, Enabled: true,
	}
	// What is stored was checked; should its time zone be gone, no run is known.
	if next, err := schedule.Next(sc.CronExpression, sc.Timezone, time.Now()); err == nil {
		at := thread.Timestamp(next)
		public.NextRunAt = &at
	}
	return public
}

func (s *server) listSchedules(w http.ResponseWriter, r *http.Request, ids ids) error {
	list := "schedules of " + ids["agent"]
	window, err := window(r, list)
	if err != nil {
		return err
	}
	schedules, err := s.Store.Schedules(r.Context(), ids["agent"], window)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, pageOf(list, mapPage(schedules, newPublicSchedule)))
}

func (s *server) createSchedule(w http.ResponseWriter, r *http.Request, ids ids) error {
	sc, err := s.readSchedule(r, ids)
	if err != nil {
		return err
	}
	if sc, err = s.Store.CreateSchedule(r.Context(), ids["agent"], sc); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, newPublicSchedule(sc))
}

func (s *server) getSchedule(w http.ResponseWriter, r *http.Request, ids ids) error {
	sc, err := s.Store.Schedule(r.Context(), ids["agent"], ids["schedule"])
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, newPublicSchedule(sc))
}

func (s *server) replaceSchedule(w http.ResponseWriter, r *http.Request, ids ids) error {
	sc, err := s.readSchedule(r, ids)
	if err != nil {
		return err
	}
	sc.ID = ids["schedule"]
	if err := s.Store.ReplaceSchedule(r.Context(), ids["agent"], sc); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, newPublicSchedule(sc))
}

func (s *server) deleteSchedule(w http.ResponseWriter, r *http.Request, ids ids) error {
	if err := s.Store.DeleteSchedule(r.Context(), ids["agent"], ids["schedule"]); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// mustBeWorker lets only agents have schedules that take work items; others have
// none to be found.
func (s *server) mustBeWorker(ctx context.Context, agentID string) error {
	agent, err := s.Store.Agent(ctx, agentID)
	if err != nil {
		return err
	}
	if agent.Mode != store.Worker {
		return &problem{status: http.StatusBadRequest, message: "This agent is conversational: only worker agents have schedules."}
	}
	return nil
}

func (s *server) readSchedule(r *http.Request, ids ids) (store.Schedule, error) {
	body, err := readFields(r)
	if err != nil {
		return store.Schedule{}, err
	}
	if err := s.mustBeWorker(r.Context(), ids["agent"]); err != nil {
		return store.Schedule{}, err
	}
	sc := store.Schedule{
		CronExpression: body.requiredText("cron_expression", atMost(maxName), reasonOf(schedule.CheckExpression)),
		Timezone:       body.textOr("timezone", "UTC", atMost(maxName), reasonOf(schedule.CheckTimezone)),
		WorkItemName:   body.optionalText("work_item_name", notBlank, atMost(maxName)),
		Message:        body.optionalText("message", atMost(maxMessage)),
		Payload:        body.optionalObject("payload"),
	}
	return sc, body.err()
}

// reasonOf makes a rule of a check.
func reasonOf(check func(text string) error) textRule {
	return func(text string) string {
		if err := check(text); err != nil {
			return err.Error()
		}
		return ""
	}
}
