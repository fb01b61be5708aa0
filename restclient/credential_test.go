package restclient

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const newKey = "s4w_fedcba9876543210"

// accepting is a deployment that accepts one key, and repeats the one it refuses.
func accepting(key *atomic.Value, bodies *sync.Map) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		sent := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if sent != key.Load() {
			answer(http.StatusUnauthorized, "application/json", `{"error":{"code":"unauthorized","message":"no such key: `+sent+`"}}`)(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		bodies.Store(r.Method, string(body))
		answer(http.StatusOK, "application/json", `{"id":"c1","name":"t","agent_id":"a1","ok":true}`)(w, r)
	}
}

func TestARefusedKeyIsReadAgain(t *testing.T) {
	var key atomic.Value
	key.Store(newKey)
	var bodies sync.Map
	var read atomic.Int32
	client := serve(t, accepting(&key, &bodies), WithKeyRefresh(func(context.Context) (string, error) {
		read.Add(1)
		return newKey, nil
	}))
	_, err := client.Conversations.Create(t.Context(), "a1", "t")
	equal(t, "error", err, nil)
	body, _ := bodies.Load(http.MethodPost)
	equal[any](t, "the body that was sent again", body, `{"name":"t"}`)
	equal(t, "error of the next call", client.Ping(t.Context()), nil)
	equal(t, "times the key was read", read.Load(), 1)
}

func TestKeysThatWereUsedAreNeverShown(t *testing.T) {
	var key atomic.Value
	key.Store("a third key")
	client := serve(t, accepting(&key, new(sync.Map)), WithKeyRefresh(func(context.Context) (string, error) { return newKey, nil }))
	err := client.Ping(t.Context())
	contains(t, "error", err.Error(), "401", "[key removed]", "check the API key")
	for _, secret := range []string{testKey, newKey} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows a key: %v", err)
		}
	}
}

func TestAKeyThatStaysTheSameIsNotReadAllTheTime(t *testing.T) {
	for name, refresh := range map[string]func() (string, error){
		"the same key":  func() (string, error) { return testKey, nil },
		"no key":        func() (string, error) { return "", errors.New("the key file is gone") },
		"no usable key": func() (string, error) { return "two words", nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				read := 0
				c := newCredential(testKey, options{refreshKey: func(context.Context) (string, error) {
					read++
					return refresh()
				}})
				for range 3 {
					equal(t, "key", c.renewed(t.Context(), testKey), testKey)
				}
				equal(t, "times the key was read", read, 1)
				time.Sleep(refreshEvery)
				c.renewed(t.Context(), testKey)
				equal(t, "times the key was read, a minute later", read, 2)
			})
		})
	}
}

func TestOneRequestReadsTheKeyForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read := 0
		c := newCredential(testKey, options{refreshKey: func(context.Context) (string, error) {
			read++
			time.Sleep(time.Second)
			return newKey, nil
		}})
		var waiting sync.WaitGroup
		for range 5 {
			waiting.Go(func() { equal(t, "key", c.renewed(t.Context(), testKey), newKey) })
		}
		impatient, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		synctest.Wait()
		equal(t, "key of who does not wait", c.renewed(impatient, testKey), testKey)
		waiting.Wait()
		equal(t, "times the key was read", read, 1)
	})
}

func TestAKeyThatCameBackIsUsed(t *testing.T) {
	keys := []string{newKey, testKey}
	c := newCredential(testKey, options{refreshKey: func(context.Context) (string, error) {
		key := keys[0]
		keys = keys[1:]
		return key, nil
	}})
	equal(t, "key", c.renewed(t.Context(), testKey), newKey)
	equal(t, "key", c.renewed(t.Context(), newKey), testKey)
	equalSlices(t, "keys", c.known(), []string{newKey, testKey})
}

func TestAnUploadIsNotSentAgainByItself(t *testing.T) {
	var key atomic.Value
	key.Store(newKey)
	client := serve(t, accepting(&key, new(sync.Map)), WithKeyRefresh(func(context.Context) (string, error) { return newKey, nil }))
	_, err := client.Conversations.UploadFiles(t.Context(), "a1", "c1", FileUpload{Name: "a.txt", Content: strings.NewReader("x")})
	refused, ok := errors.AsType[*APIError](err)
	if !ok || refused.StatusCode != http.StatusUnauthorized {
		t.Fatalf("got %v", err)
	}
	equal(t, "error of the next call", client.Ping(t.Context()), nil)
}

func TestAnotherKeyIsSentBeforeTheOldIsRefused(t *testing.T) {
	var key atomic.Value
	key.Store(newKey)
	client := serve(t, accepting(&key, new(sync.Map)), WithKeyRefresh(func(context.Context) (string, error) {
		t.Error("a key was read again that nobody refused")
		return newKey, nil
	}))
	if err := client.UseKey("two words"); err == nil {
		t.Error("what cannot be a key is taken for one")
	}
	equal(t, "error", client.UseKey(newKey), nil)
	equal(t, "error", client.Ping(t.Context()), nil)
	key.Store("a third key")
	equal(t, "error", client.UseKey(testKey), nil)
	client.credential.refresh = nil
	err := client.Ping(t.Context())
	contains(t, "error", err.Error(), "401", "[key removed]")
}
