CREATE INDEX consultation_received_at ON consultation (received_at DESC);
CREATE INDEX consultation_customer ON consultation (customer_id);
CREATE INDEX consultation_event_consultation ON consultation_event (consultation_id);
