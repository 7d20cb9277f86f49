package agent

import (
	"bytes"
	"context"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gofino/agent/bfrt"
)

// GetForwardingPipelineConfig sends the schemas of all programs and of the
// chip's own tables.
func (s *Server) GetForwardingPipelineConfig(_ context.Context, req *bfrt.GetForwardingPipelineConfigRequest) (*bfrt.GetForwardingPipelineConfigResponse, error) {
	done, err := s.use()
	if err != nil {
		return nil, err
	}
	defer done()
	if err := s.device(req.GetDeviceId()); err != nil {
		return nil, err
	}
	s.mu.Lock()
	programs := s.programs
	s.mu.Unlock()
	out := &bfrt.GetForwardingPipelineConfigResponse{}
	for i, p := range programs {
		var schema, fixed bytes.Buffer
		if err := p.codec.schema.JSON(&schema); err != nil {
			return nil, fmt.Errorf("write the schema of %s: %w", p.Name, err)
		}
		c := &bfrt.ForwardingPipelineConfig{P4Name: p.Name, BfruntimeInfo: schema.Bytes()}
		for _, f := range p.Profiles {
			c.Profiles = append(c.Profiles, &bfrt.ForwardingPipelineConfig_Profile{
				ProfileName: f.Name, Context: f.Context, Binary: f.Binary, PipeScope: f.Pipes,
			})
		}
		out.Config = append(out.Config, c)
		if i == 0 {
			if err := p.codec.schema.FixedJSON(&fixed); err != nil {
				return nil, fmt.Errorf("write the schema of the chip's tables: %w", err)
			}
			out.NonP4Config = &bfrt.NonP4Config{BfruntimeInfo: fixed.Bytes()}
		}
	}
	return out, nil
}

// SetForwardingPipelineConfig binds a client, or has the device run other
// programs (bfrt.md section 3).
func (s *Server) SetForwardingPipelineConfig(ctx context.Context, req *bfrt.SetForwardingPipelineConfigRequest) (*bfrt.SetForwardingPipelineConfigResponse, error) {
	if err := s.device(req.GetDeviceId()); err != nil {
		return nil, err
	}
	out := &bfrt.SetForwardingPipelineConfigResponse{}
	if req.GetAction() == bfrt.SetForwardingPipelineConfigRequest_BIND {
		done, err := s.use()
		if err != nil {
			return nil, err
		}
		defer done()
		return out, s.bind(req.GetClientId(), req.GetConfig())
	}
	s.loading.Lock()
	defer s.loading.Unlock()
	l := loadOf(req)
	var err error
	switch req.GetAction() {
	case bfrt.SetForwardingPipelineConfigRequest_VERIFY:
		err = s.verify(ctx, l)
	case bfrt.SetForwardingPipelineConfigRequest_VERIFY_AND_WARM_INIT_BEGIN:
		err = s.beginLoad(ctx, l)
	case bfrt.SetForwardingPipelineConfigRequest_VERIFY_AND_WARM_INIT_BEGIN_AND_END:
		if err = s.beginLoad(ctx, l); err == nil {
			err = s.endLoad(ctx)
		}
		out.SetForwardingPipelineConfigResponseType = bfrt.SetForwardingPipelineConfigResponseType_WARM_INIT_FINISHED
	case bfrt.SetForwardingPipelineConfigRequest_WARM_INIT_END:
		if len(l.Programs) > 0 {
			return nil, status.Error(codes.InvalidArgument, "WARM_INIT_END takes no config")
		}
		err = s.endLoad(ctx)
		out.SetForwardingPipelineConfigResponseType = bfrt.SetForwardingPipelineConfigResponseType_WARM_INIT_FINISHED
	default:
		return nil, status.Errorf(codes.Unimplemented, "action %s is not supported (actions: BIND, VERIFY, VERIFY_AND_WARM_INIT_BEGIN, "+
			"VERIFY_AND_WARM_INIT_BEGIN_AND_END, WARM_INIT_END)", req.GetAction())
	}
	if err != nil {
		return nil, loadStatus(err)
	}
	return out, nil
}

// loadStatus is an error of a device as a client gets it.
func loadStatus(err error) error {
	if _, ok := status.FromError(err); ok {
		return err
	}
	code := codeOf(err)
	if code == codes.Unknown {
		code = codes.InvalidArgument // a program that does not load is the client's
	}
	return status.Error(code, err.Error())
}

func loadOf(req *bfrt.SetForwardingPipelineConfigRequest) *Load {
	l := &Load{
		Hitless:  req.GetDevInitMode() == bfrt.SetForwardingPipelineConfigRequest_HITLESS,
		BasePath: req.GetBasePath(),
	}
	for _, c := range req.GetConfig() {
		p := ProgramConfig{Name: c.GetP4Name(), Schema: c.GetBfruntimeInfo()}
		for _, f := range c.GetProfiles() {
			p.Profiles = append(p.Profiles, Profile{Name: f.GetProfileName(), Context: f.GetContext(), Binary: f.GetBinary(), Pipes: f.GetPipeScope()})
		}
		l.Programs = append(l.Programs, p)
	}
	return l
}

// verify checks what needs no device first.
func (s *Server) verify(ctx context.Context, l *Load) error {
	if len(l.Programs) == 0 {
		return status.Error(codes.InvalidArgument, "no config given: a program needs a p4_name, its bf-rt.json and at least one profile")
	}
	seen := map[string]bool{}
	for i, p := range l.Programs {
		switch {
		case p.Name == "" || p.Name == shared:
			return status.Errorf(codes.InvalidArgument, "config %d: p4_name is %q, want a program's name", i, p.Name)
		case seen[p.Name]:
			return status.Errorf(codes.InvalidArgument, "config %d: program %s is given twice", i, p.Name)
		case len(p.Schema) == 0:
			return status.Errorf(codes.InvalidArgument, "config %d: program %s has no bfruntime_info (bf-rt.json)", i, p.Name)
		case len(p.Profiles) == 0:
			return status.Errorf(codes.InvalidArgument, "config %d: program %s has no profiles", i, p.Name)
		}
		seen[p.Name] = true
		for _, f := range p.Profiles {
			if f.Name == "" || len(f.Context) == 0 || len(f.Binary) == 0 {
				return status.Errorf(codes.InvalidArgument, "config %d: a profile of program %s lacks its profile_name, context or binary", i, p.Name)
			}
		}
	}
	return s.dev.Verify(ctx, l)
}

// beginLoad loads programs. Clients whose program is gone lose their session;
// the others stay bound, to the new program of that name.
func (s *Server) beginLoad(ctx context.Context, l *Load) error {
	if err := s.verify(ctx, l); err != nil {
		return err
	}
	if err := s.dev.Begin(ctx, l); err != nil {
		return err
	}
	s.refresh()
	s.announce(bfrt.SetForwardingPipelineConfigResponseType_WARM_INIT_STARTED)
	s.rebind()
	return nil
}

func (s *Server) endLoad(ctx context.Context) error {
	if err := s.dev.End(ctx); err != nil {
		return err
	}
	s.announce(bfrt.SetForwardingPipelineConfigResponseType_WARM_INIT_FINISHED)
	return nil
}

// announce tells every client, in order.
func (s *Server) announce(t bfrt.SetForwardingPipelineConfigResponseType) {
	m := &bfrt.StreamMessageResponse{Update: &bfrt.StreamMessageResponse_SetForwardingPipelineConfigResponse{
		SetForwardingPipelineConfigResponse: &bfrt.SetForwardingPipelineConfigResponse{SetForwardingPipelineConfigResponseType: t},
	}}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.sessions {
		select {
		case c.control <- m:
		default:
			c.kick(status.Error(codes.ResourceExhausted, "the client does not read its stream"))
		}
	}
}
